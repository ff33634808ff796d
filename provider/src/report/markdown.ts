/** Characters with a meaning in Markdown; colons only in a link or an emoji. */
const MARKUP = /[\\`*[\]<>|~&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=\/\/|[\w+-]+:)/g;

/**
 * Literal text in Markdown: nothing in it is taken for markup, a link, a mention or a reference; only text in backticks is shown
 * as {@link code}. Line breaks become spaces. Not for the start of a line.
 */
export function prose(text: string): string {
  return text
    .split(/(`[^`\n]+`)/)
    .map((part, index) => (index % 2 === 1 ? code(part.slice(1, -1)) : escapeReferences(escapeMarkup(part))))
    .join("");
}

/** Text in a fixed-width font, safe in a paragraph, a table cell and an HTML element. Line breaks become spaces. */
export function code(text: string): string {
  return `<code>${escapeMarkup(text)}</code>`;
}

/** An empty comment keeps GitHub from finding a user or an issue. */
function escapeReferences(text: string): string {
  return text.replace(/@|(?<!&)#/g, "$&<!-- -->");
}

function escapeMarkup(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/\p{Cc}/gu, "�")
    .replace(MARKUP, (char) => `&#${char.charCodeAt(0)};`)
    .replace(/\b(www)\./gi, "$1&#46;");
}

/** A fenced block whose fence is longer than any run of backticks in the text. Control characters but tabs and breaks are removed. */
export function fence(text: string, language = ""): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const mark = "`".repeat(longest + 1);
  return `${mark}${language}\n${text.replace(/\r\n?/g, "\n").replace(/[^\P{Cc}\n\t]/gu, "�")}\n${mark}`;
}

/** The first characters of a string, and `…` if there are more. Never half a character. */
export function shorten(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, Math.max(0, longest - 1)).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** A list item; the lines after the first are indented, so that blocks stay inside. */
export function item(text: string): string {
  return `- ${text.replaceAll("\n", "\n  ")}`;
}
