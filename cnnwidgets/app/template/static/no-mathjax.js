// @ts-check
// Stands where JupyterLab loads MathJax 2 from, which it does on every page, formulas or not.
// Formulas in Markdown stay as they were typed.

/** @type {any} */ (window).MathJax = {
  Hub: {
    Config() {},
    Configured() {},
    Queue() {},
    Register: { StartupHook() {} },
  },
};
