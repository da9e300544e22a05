// The elements that the pages are made of. Text stays text: nothing is parsed as markup, and what deceives is escaped.
import { DIGITS, FITTING, UNFIT } from './shared.js';
import { moneyBy, printableBy } from './text.js';

export const printable = printableBy({ unfit: UNFIT, fitting: FITTING });
export const money = moneyBy(DIGITS);

/** An element. `on…` attributes are listeners, and null children are left out. */
export const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (value !== null) made.setAttribute(name, printable(String(value)));
  }
  made.append(...children.filter((child) => child !== null).map((child) => (child instanceof Node ? child : printable(String(child)))));
  return made;
};

/** A labelled field with a hint below it. */
export const field = (name, label, hint, attributes) =>
  element(
    'p',
    { class: 'field' },
    element('label', { for: name }, label),
    element('input', { id: name, name, ...(hint ? { 'aria-describedby': `${name}-hint` } : {}), ...attributes }),
    hint ? element('small', { id: `${name}-hint` }, hint) : null,
  );

/** Names and values, one pair a line. */
export const factList = (rows) =>
  element('dl', {}, ...rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value === null ? '-' : value)]));

/** A table that scrolls by itself where the screen is narrow, by keyboard too. */
export const tableOf = ({ title, columns, rows }) =>
  element(
    'div',
    { class: 'scroll', role: 'region', tabindex: '0', 'aria-label': title },
    element(
      'table',
      {},
      element('caption', {}, title),
      element('thead', {}, element('tr', {}, ...columns.map((name) => element('th', { scope: 'col' }, name)))),
      element('tbody', {}, ...rows.map((row) => element('tr', {}, ...row.map((cell) => element('td', {}, cell === null ? '-' : cell))))),
    ),
  );

const region = (id) => document.getElementById(id);

/** Replaces what the page is about. */
export const show = (...children) => region('content').replaceChildren(...children.filter((child) => child !== null));

/** Says what happens or happened. It is read aloud, and takes away what was said before. */
export const say = (text) => {
  region('failure').replaceChildren();
  region('status').replaceChildren(text === '' ? '' : printable(text));
};

/** Says what went wrong, at once. */
export const sayFailure = ({ title, detail, next, faults = [], request }) => {
  region('status').replaceChildren();
  region('failure').replaceChildren(
    element('h2', {}, title),
    element('p', {}, detail),
    ...(faults.length > 0 ? [element('ul', {}, ...faults.map((fault) => element('li', {}, fault)))] : []),
    element('p', {}, element('strong', {}, 'Next: '), next),
    ...(request ? [element('p', {}, element('small', {}, request))] : []),
  );
};

/** Runs what a button or form is for, with the button off meanwhile and one wait said. `onFailure` says what went wrong. */
export const busy = async (button, wait, work, onFailure) => {
  if (button.getAttribute('aria-disabled') === 'true') return;
  button.setAttribute('aria-disabled', 'true');
  say(wait);
  try {
    await work();
  } catch (error) {
    onFailure(error);
  } finally {
    button.removeAttribute('aria-disabled');
  }
};

/** A form that its script takes. `work` gets its fields by name. */
export const form = (label, { wait, button, work, onFailure }, ...children) => {
  const send = element('button', { type: 'submit' }, button);
  return element(
    'form',
    {
      'aria-label': label,
      onsubmit: (event) => {
        event.preventDefault();
        const fields = Object.fromEntries(new FormData(event.target));
        busy(send, wait, () => work(fields), onFailure);
      },
    },
    ...children,
    element('p', {}, send),
  );
};
