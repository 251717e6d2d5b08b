import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** What is asked for only once it comes near the window. */
export function WhenSeen({ children }: { children: () => ComponentChildren }): JSX.Element {
  const seen = useSignal(false);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const watch = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) seen.value = true;
      },
      { rootMargin: "100px" },
    );
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return seen.value ? <>{children()}</> : <div ref={place} class="unseen" />;
}
