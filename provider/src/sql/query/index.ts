export { aggregateOf } from "./aggregates";
export {
  type Call,
  type ColumnReference,
  callsIn,
  columnsIn,
  comparisonsIn,
  elementsOf,
  literalText,
  parseExpression,
  plainColumn,
  unwrapped,
} from "./expressions";
export {
  type Expression,
  type Limit,
  parseQuery,
  type Query,
  type Select,
  type SelectItem,
  type Source,
} from "./query";
export { orderOfSets } from "./set-operations";
