/**
 * Runs the audit suite of the GraphQL over HTTP specification against a URL, in the name of whoever holds a token.
 *
 * Usage: node run.js URL AUTHORIZATION
 * Prints one line a requirement: its outcome, id and name. Exits 1 unless every outcome is "ok".
 */
import { serverAudits } from "graphql-http";

const [url, authorization] = process.argv.slice(2);
const fetchFn = (target, { headers, ...options } = {}) =>
  fetch(target, { ...options, headers: { ...headers, authorization } });

const results = await Promise.all(serverAudits({ url, fetchFn }).map((audit) => audit.fn()));

for (const { status, id, name, reason } of results) {
  console.log([status, id, name, reason].filter(Boolean).join("  "));
}
process.exitCode = results.every(({ status }) => status === "ok") ? 0 : 1;
