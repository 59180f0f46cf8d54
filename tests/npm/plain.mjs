// node plain.mjs MODULES PACKAGE URL: an empty line once subscribed, then each message on a line,
// to "end". A connection that is lost, or opened again, ends it with an error.
import { createRequire } from "node:module";

const [modules, name, url] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const clients = {
  eventsource: () => new (require("eventsource").EventSource)(url),
  ws: () => new (require("ws"))(url.replace("http", "ws")),
};
const client = clients[name]();
let opened = 0;
client.onopen = () => {
  opened += 1;
  if (opened > 1) throw new Error("connected again");
  console.log();
};
client.onerror = (event) => {
  throw new Error(event.message);
};
client.onmessage = ({ data }) => {
  console.log(data);
  if (data !== "end") return;
  client.onerror = null;
  client.close();
};
