// gather's slicer (the npm package of that project) over cells: one request a line, one list of cells a line.
'use strict';
const path = require('path');
const readline = require('readline');

const { DataflowAnalyzer, ExecutionLogSlicer } = require(path.resolve(
  process.argv[2], 'node_modules', '@msrvida', 'python-program-analysis'));
console.log = () => {}; // The package tells there which cells it leaves out.

function cell(text, number) {
  const name = String(number);
  const made = { text, executionCount: number + 1, executionEventId: name, persistentId: name, hasError: false };
  return { ...made, deepCopy: () => cell(text, number) };
}

function kept(cells, target) {
  const slicer = new ExecutionLogSlicer(new DataflowAnalyzer());
  cells.slice(0, target + 1).forEach((text, number) => slicer.logExecution(cell(text, number)));
  for (let number = 0; number <= target; number++) {
    // It leaves such a cell out and goes on; taken for a refusal, since a person would see the message.
    if (slicer.getCellProgram(String(number)).hasError) return null;
  }
  const found = slicer.sliceLatestExecution(String(target));
  return [...new Set([...found.cellSlices.map(part => Number(part.cell.persistentId)), target])];
}

readline.createInterface({ input: process.stdin }).on('line', line => {
  const request = JSON.parse(line);
  let answer = null;
  try {
    answer = kept(request.cells, request.target);
  } catch (error) {
    process.stderr.write(`gather: ${error}\n`);
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
});
