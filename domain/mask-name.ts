/** The first letter of each word of a name, `A… L…`. */
export const maskName = (name: string): string =>
  name
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => `${[...word][0]}…`)
    .join(' ');
