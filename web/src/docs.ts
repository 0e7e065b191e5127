import "swagger-ui-dist/swagger-ui.css";
import "./top-bar.css";
import "./docs.css";

import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

/** Swagger UI has dark colours, and leaves it to the page to say when. */
const dark = matchMedia("(prefers-color-scheme: dark)");
const recolour = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", recolour);
recolour();

SwaggerUI({
  dom_id: "#docs",
  url: "/openapi.json",
  validatorUrl: null, // it would send the document to swagger.io
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: -1,
  tryItOutEnabled: true,
});
