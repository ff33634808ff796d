import { Argument, Command, type Option } from "commander";
import type { Output } from "./canonicalize";
import { EXIT } from "./exit";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

/** `clickhouse-schema completion SHELL`. @param program whose commands and options are completed. */
export function completionCommand(program: Command, output: Output): Command {
  return new Command("completion")
    .description("print the completion script for a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .addHelpText("after", HELP)
    .action((shell: Shell) => {
      output.out(completionScript(program, shell));
      process.exitCode = EXIT.fine;
    });
}

const HELP = `
Load it with the shell:
  bash  source <(npx clickhouse-schema completion bash)
  zsh   source <(npx clickhouse-schema completion zsh)
  fish  npx clickhouse-schema completion fish | source`;

/** What may be completed after a command. */
interface Words {
  readonly name: string;
  readonly description: string;
  readonly options: readonly Option[];
  /** Choices of its first argument; empty if that is a file. */
  readonly choices: readonly string[];
}

/** The script. The words are written into it, so that a key press starts no process. */
export function completionScript(program: Command, shell: Shell): string {
  const commands = program.commands.map((command): Words => {
    const [first] = command.registeredArguments;
    const { options } = command;
    return { name: command.name(), description: command.description(), options, choices: first?.argChoices ?? [] };
  });
  return shell === "fish" ? fish(commands) : shell === "zsh" ? `${ZSH_HEAD}${bash(commands)}` : bash(commands);
}

/** Zsh reads the same script by its own layer for bash. */
const ZSH_HEAD = "autoload -U +X bashcompinit && bashcompinit\n";

function bash(commands: readonly Words[]): string {
  const lists = commands.map(({ name, options, choices }) => {
    const words = [...options.flatMap(({ long }) => long ?? []), "--help"].join(" ");
    return `    ${name}) options="${words}"; arguments="${choices.join(" ")}" ;;`;
  });
  const values = commands.flatMap(({ name, options }) =>
    options.flatMap(({ long, argChoices }) =>
      long && argChoices ? [`    ${name}:${long}) values="${argChoices.join(" ")}" ;;`] : [],
    ),
  );
  return `_clickhouse_schema() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}"
  local options="" arguments="" values=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")} --help --version" -- "$current"))
    return
  fi
  case "$command:$previous" in
${values.join("\n")}
  esac
  if [ -n "$values" ]; then
    COMPREPLY=($(compgen -W "$values" -- "$current"))
    return
  fi
  case "$command" in
${lists.join("\n")}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *)
      if [ -n "$arguments" ]; then COMPREPLY=($(compgen -W "$arguments" -- "$current"));
      else COMPREPLY=($(compgen -f -- "$current")); fi ;;
  esac
}
complete -o filenames -F _clickhouse_schema clickhouse-schema
`;
}

function fish(commands: readonly Words[]): string {
  const lines = commands.flatMap(({ name, description, options, choices }) => {
    const inside = `complete -c clickhouse-schema -n "__fish_seen_subcommand_from ${name}"`;
    return [
      `complete -c clickhouse-schema -n __fish_use_subcommand -f -a ${name} -d ${quoted(description)}`,
      ...(choices.length > 0 ? [`${inside} -f -a ${quoted(choices.join(" "))}`] : []),
      ...options.map(({ long = "", description: what, argChoices, required }) => {
        const values = argChoices === undefined ? "" : ` -x -a ${quoted(argChoices.join(" "))}`;
        return `${inside} -l ${long.slice(2)}${required && values === "" ? " -r" : values} -d ${quoted(what)}`;
      }),
    ];
  });
  return `${lines.join("\n")}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
