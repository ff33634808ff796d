import type { Right } from "../sql/grants";

/** Privileges for users, roles and the like. @param word what follows CREATE, ALTER and DROP. */
export function accessRights(word: string): {
  readonly rightsToCreate: () => Right[];
  readonly rightsToRun: (sql: string) => Right[];
} {
  const right = (verb: string): Right => ({ privilege: `${verb} ${word}`, level: "*.*" });
  return { rightsToCreate: () => [right("CREATE")], rightsToRun: () => [right("ALTER")] };
}

/** What kinds of rights of a user or role have in common. */
export const RIGHTS_OF_GRANTEE = {
  rank: 3,
  isOnScratch: false,
  // The grantee has another name, and whoever renames it keeps its rights.
  rename: () => [],
  // Whoever gives a right has to have it, with the option to pass it on: the server says which.
  rightsToCreate: () => [],
  rightsToRun: () => [],
  keepsRows: () => false,
  whatGoes: "is taken back",
  isOf: "a user or role",
} as const;
