const style = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { min-height: 100vh; margin: 0; display: grid; place-items: center; background: light-dark(#f3f5f4, #16201d); }
  main { width: min(22rem, 90vw); padding: 2rem; border-radius: 1rem; background: light-dark(#fff, #20302b);
    box-shadow: 0 1px 3px #0003, 0 8px 30px #0001; }
  h1 { margin: 0 0 .25rem; font-size: 1.4rem; }
  p { margin: 0 0 1.25rem; color: light-dark(#4d5c56, #a9bbb4); }
  p[role=alert] { color: light-dark(#a4261d, #ff9d94); }
  label { display: block; margin-bottom: .25rem; font-weight: 600; }
  input, button { box-sizing: border-box; width: 100%; padding: .6rem .75rem; border-radius: .5rem; font: inherit; }
  input { border: 1px solid #8a9993; background: transparent; color: inherit; }
  button { margin-top: 1rem; border: 0; background: #1c6b52; color: #fff; font-weight: 600; cursor: pointer; }
  a { color: light-dark(#1c6b52, #7fd1b4); }
  :is(input, button, a):focus-visible { outline: 3px solid #56b394; outline-offset: 2px; }
`;

const page = (title: string, content: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
</head>
<body><main>
${content}
</main></body>
</html>
`;

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);

/** Writes the login form of the stand-in hub. */
export const showLogin = ({action, problem}: {action: string; problem?: string}): string =>
  page(
    'Log in · stand-in hub',
    `<h1>Who are you today?</h1>
<p>This stand-in for JupyterHub believes every name. It runs on this machine only.</p>
${problem ? `<p role="alert">${escapeHtml(problem)}</p>` : ''}
<form method="post" action="${escapeHtml(action)}">
<label for="username">User name</label>
<input id="username" name="username" value="alice" autocomplete="username" autocapitalize="none" required autofocus>
<button>Log in</button>
</form>`,
  );

/** Writes the page of who is logged in at the stand-in hub. */
export const showHome = ({name, homePath, logoutPath}: {name: string; homePath: string; logoutPath: string}): string =>
  page(
    'Stand-in hub',
    `<h1>Hello, ${escapeHtml(name)}</h1>
<p>You are logged in at the stand-in hub.</p>
<p><a href="${escapeHtml(homePath)}">My submissions</a> · <a href="${escapeHtml(logoutPath)}">Log out</a></p>`,
  );
