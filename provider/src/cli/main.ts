import { Command } from "commander";
import { canonicalizeFiles } from "./canonicalize";

const { version } = require("../../package.json") as { version: string };

const program = new Command("clickhouse-schema")
  .description("Tools beside the Pulumi resources of pulumi-clickhouse-schema")
  .version(version);

program
  .command("canonicalize")
  .description("print CREATE statements in the engine's canonical form: what the resources store and compare")
  .argument("[file...]", "SQL files; standard input without any. Statements are separated by semicolons, sources first")
  .action(async (files: string[]) => {
    process.exitCode = await canonicalizeFiles(files, {
      out: (text) => process.stdout.write(text),
      error: (text) => process.stderr.write(text),
    });
  });

void program.parseAsync();
