import { createGraphiQLFetcher } from "@graphiql/toolkit";

const { protocol, host } = window.location;

/**
 * Posts operations to this server with its cookies, and runs subscriptions over WebSocket by `graphql-ws`; the headers
 * editor can add an `Authorization` to both.
 */
export const fetcher = createGraphiQLFetcher({
  url: "/graphql",
  subscriptionUrl: `${protocol === "https:" ? "wss" : "ws"}://${host}/graphql`,
  enableIncrementalDelivery: false,
});
