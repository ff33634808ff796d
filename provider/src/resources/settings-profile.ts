import type * as pulumi from "@pulumi/pulumi";
import type { SettingsProfileArgs } from "./access-args";
import type { SqlArgs } from "./args";
import { withNames } from "./entities";
import { namesInSql, SchemaObject } from "./schema-object";

/**
 * A settings profile: values and bounds of settings for the users and roles that it applies to or that inherit it. It belongs to no database.
 *
 * It is never replaced, and not dropped while a user, a role or another profile inherits it: the server would drop it without an error, and
 * their limits with it.
 *
 * @example
 * ```ts
 * const small = new SettingsProfile("small", {
 *   settings: { max_memory_usage: { value: "2G", max: "4G" }, readonly: 2 },
 *   to: [reader],
 * });
 * ```
 */
export class SettingsProfile extends SchemaObject {
  /**
   * Declares the profile.
   *
   * @param resourceName name within the stack, and on the server unless `name` is given.
   * @param args structured arguments, or `{ sql: "CREATE SETTINGS PROFILE …" }`.
   * @param opts Pulumi options, e.g. `protect`, `dependsOn`.
   * @throws {RunError} when another SettingsProfile has this resource name, or the stack's config has unknown keys.
   */
  constructor(resourceName: string, args: SettingsProfileArgs | SqlArgs = {}, opts: pulumi.CustomResourceOptions = {}) {
    if ("sql" in args) {
      const { sql, deletion, ...options } = args;
      super("settingsProfile", resourceName, { name: namesInSql(sql).name, args: { sql, ...options }, deletion }, opts);
    } else {
      const { name = resourceName, deletion, ...rest } = args;
      super("settingsProfile", resourceName, { name, args: withNames(rest, ["inherits", "to"]), deletion }, opts);
    }
  }
}
