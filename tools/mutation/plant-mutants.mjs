// SPDX-License-Identifier: Apache-2.0
// Compiles every mutant of a file into it, each behind a switch of its own. So Vite transforms a file once for all
// mutants, and one plain run of a test tells which of them it reaches.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/**
 * @typedef {{
 *   id: number,
 *   key: string,
 *   file: string,
 *   line: number,
 *   change: string,
 *   code: string,
 *   outcome: 'killed' | 'survived' | 'not reached' | 'not run',
 *   killedBy?: string,
 * }} Mutant `key` stays the same while the file has as many changes of this kind before it
 * @typedef {{ change: string, text: string }} Variant
 */

const Kind = ts.SyntaxKind;

/** What takes an operator's place: its neighbour at the boundary, and its opposite. */
/** @type {ReadonlyMap<ts.SyntaxKind, readonly string[]>} */
const REPLACEMENTS = new Map([
  [Kind.EqualsEqualsEqualsToken, ['!==']],
  [Kind.ExclamationEqualsEqualsToken, ['===']],
  [Kind.LessThanToken, ['<=', '>=']],
  [Kind.LessThanEqualsToken, ['<', '>']],
  [Kind.GreaterThanToken, ['>=', '<=']],
  [Kind.GreaterThanEqualsToken, ['>', '<']],
  [Kind.AmpersandAmpersandToken, ['||']],
  [Kind.BarBarToken, ['&&']],
]);
/** @type {ReadonlyMap<string, string>} */
const METHODS = new Map([
  ['every', 'some'],
  ['some', 'every'],
]);

/**
 * Plants every mutant of some files.
 *
 * @param {string} folder with a copy of the repository in `main`
 * @param {string[]} files
 */
export function plantMutants(folder, files) {
  /** @type {Mutant[]} */
  const mutants = [];
  for (const file of files) {
    const path = join(folder, 'main', file);
    const source = readFileSync(path, 'utf8');
    const planted = mutated(file, source, mutants);
    const imported = `import { mutant as __mutant } from ${JSON.stringify(join(folder, 'switch.mjs'))};`;
    writeFileSync(path, `${imported}\n${planted}`);
  }
  return mutants;
}

/**
 * @param {string} file
 * @param {string} source
 * @param {Mutant[]} mutants to which those of the file are added
 */
function mutated(file, source, mutants) {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  /** @type {Map<string, number>} */
  const seen = new Map();

  /**
   * @param {ts.Node} node
   * @param {string} change
   */
  const register = (node, change) => {
    const id = mutants.length;
    const repeated = seen.get(change) ?? 0;
    seen.set(change, repeated + 1);
    const { line } = tree.getLineAndCharacterOfPosition(node.getStart());
    const code = node.getText().replace(/\s+/g, ' ').slice(0, 100);
    const key = `${file} ${change} ${repeated}`;
    mutants.push({ id, key, file, line: line + 1, change, code, outcome: 'not run' });
    return id;
  };

  /**
   * The node's text with the mutants of everything in it.
   *
   * @param {ts.Node} node
   * @returns {string}
   */
  const render = (node) => {
    if (ts.isTypeNode(node)) return node.getFullText();
    let text = '';
    let end = node.getFullStart();
    node.forEachChild((child) => {
      text += source.slice(end, child.getFullStart()) + render(child);
      end = child.end;
    });
    text += source.slice(end, node.end);
    const start = node.getFullText().length - node.getText().length;
    const [lead, own] = [text.slice(0, start), text.slice(start)];
    if (mayBeLeftOut(node)) {
      return `${lead}if (!__mutant(${register(node, 'leave out')})) { ${own} }`;
    }
    return (
      lead +
      variantsOf(node).reduce(
        (rest, { change, text: other }) =>
          `(__mutant(${register(node, change)}) ? (${other}) : (${rest}))`,
        own,
      )
    );
  };
  return render(tree);
}

/**
 * Thrown errors, refusals, and calls whose result nobody uses: checks, mostly. An `if` whose only purpose is to throw is
 * covered by this too.
 *
 * @param {ts.Node} node
 */
function mayBeLeftOut(node) {
  if (ts.isThrowStatement(node)) return true;
  if (ts.isReturnStatement(node)) return isRefusal(node.expression);
  return ts.isExpressionStatement(node) && isCall(node.expression);
}

/** @param {ts.Expression} node */
function isCall(node) {
  return ts.isCallExpression(ts.isAwaitExpression(node) ? node.expression : node);
}

/**
 * Whether something is a call of a function that only throws, such as `refuse('ERR_…')`.
 *
 * @param {ts.Node | undefined} node
 */
function isRefusal(node) {
  return (
    node !== undefined &&
    ts.isCallExpression(node) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text.startsWith('refuse')
  );
}

/**
 * @param {ts.Node} node
 * @returns {Variant[]}
 */
function variantsOf(node) {
  if (ts.isBinaryExpression(node)) {
    if (node.operatorToken.kind === Kind.QuestionQuestionToken && isRefusal(node.right)) {
      return [{ change: 'leave out', text: node.left.getText() }];
    }
    const operator = node.operatorToken.getText();
    const [left, right] = [node.left.getText(), node.right.getText()];
    return (REPLACEMENTS.get(node.operatorToken.kind) ?? []).map((other) => ({
      change: `${operator} → ${other}`,
      text: `${left} ${other} ${right}`,
    }));
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === Kind.ExclamationToken) {
    return [{ change: 'drop !', text: node.operand.getText() }];
  }
  if (ts.isCallExpression(node)) return variantsOfCall(node);
  return isBareCondition(node) ? [negated(node)] : [];
}

/**
 * @param {ts.CallExpression} node
 * @returns {Variant[]}
 */
function variantsOfCall(node) {
  const callee = node.expression;
  const other = ts.isPropertyAccessExpression(callee) ? METHODS.get(callee.name.text) : undefined;
  if (ts.isPropertyAccessExpression(callee) && other !== undefined) {
    const call = `${callee.expression.getText()}${callee.questionDotToken === undefined ? '.' : '?.'}${other}`;
    const given = node.arguments.map((argument) => argument.getText()).join(', ');
    return [{ change: `${callee.name.text} → ${other}`, text: `${call}(${given})` }];
  }
  return isBareCondition(node) ? [negated(node)] : [];
}

/**
 * @param {ts.Node} node
 * @returns {Variant}
 */
function negated(node) {
  return { change: 'negate', text: `!(${node.getText()})` };
}

/**
 * Whether a node that has no operator of its own decides something.
 *
 * @param {ts.Node} node
 */
function isBareCondition(node) {
  if (!ts.isIdentifier(node) && !ts.isCallExpression(node) && !ts.isAwaitExpression(node)) {
    return false;
  }
  const { parent } = node;
  if (ts.isIfStatement(parent)) return parent.expression === node;
  if (ts.isConditionalExpression(parent)) return parent.condition === node;
  // An operand of && or ||, which is not itself a comparison.
  return (
    ts.isBinaryExpression(parent) &&
    (parent.operatorToken.kind === Kind.AmpersandAmpersandToken ||
      parent.operatorToken.kind === Kind.BarBarToken)
  );
}
