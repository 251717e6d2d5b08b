import type { JSX } from "preact";
import { visible } from "../format";
import { hrefOf, VIEWS } from "../route";
import { route } from "../router";

/** Shown for an address that names no view. */
export function Nowhere(): JSX.Element {
  return (
    <section class="needs-server" role="alert" data-nowhere="view">
      <h2>This address names nothing</h2>
      <p>No view is called <code>{visible(route.value.path.join("/"))}</code>. There are:</p>
      <p class="places">{VIEWS.map(({ id, label }) => <a key={id} href={hrefOf(id)}>{label}</a>)}</p>
    </section>
  );
}
