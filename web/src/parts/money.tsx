import type { JSX } from "preact";
import { exactMoney, formatMoney } from "../format";
import type { MoneyPlaces } from "../format";

/** An amount, rounded for the eye, whole in the title. */
export function Money({ text, places }: { text: string; places?: MoneyPlaces }): JSX.Element {
  return <span title={exactMoney(text)}>{formatMoney(text, places)}</span>;
}
