export { REPAIR, repairTarget } from "./protocol";
