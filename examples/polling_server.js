// GET ?after=N gives what is newer than message N, with &wait=SECONDS as soon as there is
// something; POST adds a message: node polling_server.js [PORT]
const { createServer } = require("node:http");

const KEPT = 65536;
const log = []; // the newest KEPT messages, of which the last has the number `newest`
let newest = 0;
const waiting = new Set();

function give(answer, after) {
  const oldest = newest - log.length;
  const found = log.slice(Math.max(0, after - oldest));
  answer.writeHead(after < oldest ? 410 : 200, { "X-Cursor": newest });
  answer.end(after < oldest ? "" : found.join("\n"));
}

function read(request, answer, query) {
  const after = Number(query.get("after") ?? newest);
  const seconds = Number(query.get("wait") ?? 0);
  if (after !== newest || seconds === 0) {
    give(answer, after);
    return;
  }
  const one = { wake: () => { clearTimeout(timer); waiting.delete(one); give(answer, after); } };
  const timer = setTimeout(() => one.wake(), seconds * 1000);
  answer.on("close", () => { clearTimeout(timer); waiting.delete(one); });
  waiting.add(one);
}

function publish(request, answer) {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    newest += 1;
    if (log.push(Buffer.concat(pieces).toString()) > KEPT) {
      log.shift();
    }
    answer.writeHead(204).end();
    for (const one of [...waiting]) {
      one.wake();
    }
  });
}

const server = createServer({ keepAliveTimeout: 75_000 }, (request, answer) => {
  if (request.method === "POST") {
    publish(request, answer);
  } else {
    read(request, answer, new URL(request.url, "http://localhost").searchParams);
  }
});

server.listen(Number(process.argv[2] ?? 8080), "127.0.0.1", () =>
  console.log(`http://127.0.0.1:${server.address().port}/messages`));
