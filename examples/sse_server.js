// GET is answered with an event stream, POST goes to all who read one: node sse_server.js [PORT]
const { createServer } = require("node:http");

const readers = new Set();

function read(request, answer) {
  answer.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  answer.flushHeaders();
  readers.add(answer);
  answer.on("close", () => readers.delete(answer));
}

function publish(request, answer) {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    const message = Buffer.concat(pieces).toString();
    for (const reader of readers) {
      reader.write(`data: ${message}\n\n`);
    }
    answer.writeHead(204).end();
  });
}

const server = createServer({ keepAliveTimeout: 75_000 }, (request, answer) =>
  (request.method === "POST" ? publish : read)(request, answer));

server.listen(Number(process.argv[2] ?? 8080), "127.0.0.1", () =>
  console.log(`http://127.0.0.1:${server.address().port}/events`));
