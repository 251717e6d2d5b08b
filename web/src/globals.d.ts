/** True in the build that is one HTML file without a server. */
declare const __SINGLE_FILE__: boolean;

declare module "muster-core/muster_browser_bg.wasm?url" {
  const address: string;
  export default address;
}
