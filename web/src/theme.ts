import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useEffect } from "react";

/** Recolour the editors when the system turns dark or light; GraphiQL looks only once, as it opens. */
export function useSystemTheme(): void {
  const theme = useGraphiQL((state) => state.theme);
  const { setTheme } = useGraphiQLActions();

  useEffect(() => {
    if (theme) return; // chosen in the settings
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const follow = () => setTheme(null);
    dark.addEventListener("change", follow);
    return () => dark.removeEventListener("change", follow);
  }, [theme, setTheme]);
}
