export { localKind, reachesOut } from "../../canonical/outside";
