// The ES bundle is the entry for browsers; the published types describe the package's own entry, which is for Node.
declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  import type { SwaggerUIBundle } from "swagger-ui-dist";

  const SwaggerUI: SwaggerUIBundle;
  export default SwaggerUI;
}
