// node subscribe.mjs MODULES PACKAGE URL: each message of the subscription on a line, to "end".
import { createRequire } from "node:module";

const [modules, name, url] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const options = {
  "graphql-sse": () => ({ url }),
  "graphql-ws": () => ({ url: url.replace("http", "ws"), webSocketImpl: require("ws") }),
};
const client = require(name).createClient({ ...options[name](), retryAttempts: 0 });
for await (const { data, errors } of client.iterate({ query: "subscription { messages }" })) {
  if (errors) throw new Error(JSON.stringify(errors));
  console.log(data.messages);
  if (data.messages === "end") break;
}
await client.dispose();
