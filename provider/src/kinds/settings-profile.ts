import { limitArguments, namesArgument, toArgument } from "../code/access";
import { declareSettingsProfile } from "../declare/role";
import { diffSettingsProfile } from "../diff/access";
import { planAccessRename, planSettingsProfile } from "../plan/access";
import { SQL_KINDS } from "../sql/kinds";
import { accessRights } from "./access-rights";
import type { Kind } from "./kind";

export const settingsProfile: Kind<"settingsProfile"> = {
  ...SQL_KINDS.settingsProfile,
  id: "settingsProfile",
  type: "SettingsProfile",
  word: "settings profile",
  dropWord: "SETTINGS PROFILE",
  // Roles and users inherit it.
  rank: 0,
  options: ["adopt", "allow", "lint"],
  isOnScratch: false,
  declare: declareSettingsProfile,
  code: (spec) => ({
    inherits: namesArgument(spec.profiles),
    settings: limitArguments(spec),
    to: toArgument(spec.appliesTo),
  }),
  diff: diffSettingsProfile,
  plan: (from, to, changes) => planSettingsProfile(from, to, new Set(changes.map(({ kind }) => kind))),
  rename: planAccessRename,
  ...accessRights("SETTINGS PROFILE"),
  keepsRows: () => false,
  whatGoes: "goes",
};
