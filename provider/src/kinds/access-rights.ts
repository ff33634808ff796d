import type { Right } from "../sql/grants";

/** Privileges for users, roles and the like. @param word what follows CREATE, ALTER and DROP. */
export function accessRights(word: string): {
  readonly rightsToCreate: () => Right[];
  readonly rightsToRun: (sql: string) => Right[];
} {
  const right = (verb: string): Right => ({ privilege: `${verb} ${word}`, level: "*.*" });
  return { rightsToCreate: () => [right("CREATE")], rightsToRun: () => [right("ALTER")] };
}
