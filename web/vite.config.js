import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const SERVER = process.env.YUKYU_URL ?? "http://127.0.0.1:8000";

/** Put a gzip beside every text asset, so that the server never compresses one per request. */
function precompress() {
  let assets;
  return {
    name: "precompress",
    apply: "build",
    configResolved(config) {
      assets = join(config.build.outDir, config.build.assetsDir);
    },
    closeBundle() {
      for (const name of readdirSync(assets).filter((name) => /\.(js|css|svg|json)$/.test(name))) {
        const file = join(assets, name);
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: "/console/",
  plugins: [react(), precompress()],
  build: {
    target: "es2022",
    rolldownOptions: { input: ["index.html", "docs.html"] },
    modulePreload: { polyfill: false }, // the polyfill would be an inline script, which the page's policy forbids
    chunkSizeWarningLimit: 8000, // Monaco is one large chunk, fetched once and cached for good
  },
  worker: { format: "es" },
  server: {
    // `npm run dev` serves the pages below /console/ and hands their requests to a running `yukyu up`.
    proxy: {
      "/graphql": { target: SERVER, ws: true },
      "/openapi.json": SERVER,
      "/api": SERVER,
    },
  },
});
