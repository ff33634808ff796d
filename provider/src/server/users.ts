import { escapeXml } from "./config";

/** Management privileges of a user, besides those on data. */
const RIGHTS =
  "<access_management>1</access_management><named_collection_control>1</named_collection_control>" +
  "<show_named_collections>1</show_named_collections><show_named_collections_secrets>1</show_named_collections_secrets>";

export interface User {
  readonly name: string;
  readonly password?: string;
  /** Elements with its privileges, as XML. Default: everything. */
  readonly rights?: string;
  readonly profile?: string;
  /** Addresses that it may come from. Default: any. */
  readonly networks?: readonly string[];
}

/** A users.xml. */
export function usersXml(users: readonly User[], profiles = "<default/>"): string {
  return `<clickhouse>
  <profiles>${profiles}</profiles>
  <quotas><default/></quotas>
  <users>
    ${users.map(userXml).join("\n    ")}
  </users>
</clickhouse>
`;
}

/** User `default`, without a password, may do everything. */
export const OPEN_USERS = usersXml([{ name: "default" }]);

function userXml({ name, password = "", rights = RIGHTS, profile = "default", networks = ["::/0"] }: User): string {
  const addresses = networks.map((address) => `<ip>${address}</ip>`).join("");
  return (
    `<${name}><password>${escapeXml(password)}</password><networks>${addresses}</networks>` +
    `<profile>${profile}</profile><quota>default</quota>${rights}</${name}>`
  );
}
