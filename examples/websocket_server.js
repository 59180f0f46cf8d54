// Each frame goes to all: npm install ws && node websocket_server.js [PORT]
const { WebSocketServer } = require("ws");

const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2] ?? 8080) });

server.on("connection", (socket, request) => {
  request.socket.setNoDelay(true);
  socket.on("error", () => socket.terminate());
  socket.on("message", (message, binary) => {
    for (const client of server.clients) {
      client.send(message, { binary });
    }
  });
});

server.on("listening", () => console.log(`ws://127.0.0.1:${server.address().port}/`));
