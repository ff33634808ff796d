/** For text and for attributes in double quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']|[^\P{Cc}\n\t]/gu, (char) => (char < " " ? "�" : `&#${char.charCodeAt(0)};`));
}
