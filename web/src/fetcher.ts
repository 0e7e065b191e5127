import { createGraphiQLFetcher } from "@graphiql/toolkit";

/** Posts operations to this server with its cookies; the headers editor can add an `Authorization`. */
export const fetcher = createGraphiQLFetcher({ url: "/graphql", enableIncrementalDelivery: false });
