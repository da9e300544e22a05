/** Something that one part of a test waits for, and another part lets happen: `opened` settles when `open` is called. */
export const latch = <Value = void>() => {
  let open: (value: Value) => void = () => {};
  const opened = new Promise<Value>((resolve) => {
    open = resolve;
  });
  return { opened, open };
};
