import assert from "node:assert/strict";
import {
  database,
  dictionary,
  grant,
  grants,
  materializedView,
  namedCollection,
  quota,
  role,
  rowPolicy,
  settingsProfile,
  sqlFunction,
  table,
  user,
  view,
} from "../../provider/dist/pulumi/provider";
import { providerText } from "../../provider/src/resources/schema-object";

/** Every state that was ever written holds one of these texts: they may be added to, and never changed. */
const STORED = {
  database: 'exports.handler=()=>require("pulumi-clickhouse-schema/provider").database',
  table: 'exports.handler=()=>require("pulumi-clickhouse-schema/provider").table',
  view: 'exports.handler=()=>require("pulumi-clickhouse-schema/provider").view',
  dictionary: 'exports.handler=()=>require("pulumi-clickhouse-schema/provider").dictionary',
  sqlFunction: 'exports.handler=()=>require("pulumi-clickhouse-schema/provider").sqlFunction',
  materializedView: 'exports.handler=()=>require("pulumi-clickhouse-schema/provider").materializedView',
  namedCollection: 'exports.handler=()=>require("pulumi-clickhouse-schema/provider").namedCollection',
  grant: 'exports.handler=()=>require("pulumi-clickhouse-schema/provider").grant',
  grants: 'exports.handler=()=>require("pulumi-clickhouse-schema/provider").grants',
  settingsProfile: 'exports.handler=()=>require("pulumi-clickhouse-schema/provider").settingsProfile',
  role: 'exports.handler=()=>require("pulumi-clickhouse-schema/provider").role',
  quota: 'exports.handler=()=>require("pulumi-clickhouse-schema/provider").quota',
  user: 'exports.handler=()=>require("pulumi-clickhouse-schema/provider").user',
  rowPolicy: 'exports.handler=()=>require("pulumi-clickhouse-schema/provider").rowPolicy',
} as const;

const PROVIDERS = {
  database,
  dictionary,
  sqlFunction,
  table,
  view,
  materializedView,
  namedCollection,
  grant,
  grants,
  settingsProfile,
  role,
  quota,
  user,
  rowPolicy,
};

describe("the provider text that every state holds", () => {
  for (const kind of Object.keys(STORED) as (keyof typeof STORED)[]) {
    it(`is the same forever for a ${kind}, and leads to its provider`, () => {
      assert.equal(providerText(kind), STORED[kind]);
      const module = { exports: {} as { handler?: () => unknown } };
      new Function("exports", "require", STORED[kind])(module.exports, require);
      const found = module.exports.handler?.() as Record<string, unknown>;
      for (const method of ["configure", "check", "diff", "create", "read", "update", "delete"])
        assert.equal(typeof found[method], "function", method);
      assert.equal(found, PROVIDERS[kind]);
    });
  }
});
