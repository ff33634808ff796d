import type { Input } from "@pulumi/pulumi";
import type { CommonArgs } from "./args";

/** Arguments of `NamedCollection`. */
export interface NamedCollectionArgs extends CommonArgs {
  /**
   * Name on the server, which all databases share. Default: the resource's name. Changing it creates the new collection and drops the old one,
   * which is refused while a table, a dictionary or a database uses the old one.
   */
  name?: Input<string>;
  /**
   * Values by key that are no secret: they are in previews and in the state. A change is one statement; tables that use the collection keep the old
   * values until they are attached again or the server starts again, and dictionaries until they are reloaded.
   */
  values?: Input<Record<string, Input<string | number | boolean>>>;
  /**
   * Values by key that are secrets: pass Pulumi secrets. They are in no preview and no log; in the state, encrypted, is a verifier by which a new
   * value is seen. Servers up to 24.8 write the statement with the values into `system.query_log` and their log files.
   */
  secrets?: Input<Record<string, Input<string>>>;
  /**
   * Whether a query may override the value of a key. Default for each key: as the server's configuration says
   * (`allow_named_collection_override_by_default`). 24.8 does not show it, so a manual change is not seen there.
   */
  overridable?: Input<Record<string, Input<boolean>>>;
}
