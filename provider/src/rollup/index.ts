export {
  defineLevel,
  defineRollup,
  type Rollup,
  type RollupBucket,
  type RollupLevelShape,
  type RollupShape,
  type RollupSourceShape,
  type RollupTtl,
} from "./definition";
export { levelColumns } from "./layout";
export type { Measure } from "./measures";
export {
  type Feed,
  renderFill,
  renderLevelFill,
  renderLevelTarget,
  renderRead,
  renderTarget,
  renderTruth,
  type Source,
  type Target,
} from "./render";
export { levelTtl, targetTtl } from "./ttl";
