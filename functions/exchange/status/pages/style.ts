const light = `--page:#f4f3ee;--card:#fff;--ink:#17262a;--soft:#56666b;--line:#dfddd3;--rail:#e6e4db;--tint:#f8f7f3;--link:#0b6069;--fill:#12808a;--good:#186b3d;--good-tint:#e4f2e9;--busy:#7d4f00;--busy-tint:#fbf0d9;--bad:#a3261d;--bad-tint:#fbe7e4;--on:#fff;--shadow:0 1px 2px #1b2b2f14,0 6px 20px #1b2b2f0d`;
const dark = `--page:#0e1517;--card:#162022;--ink:#e6eeee;--soft:#9db0b3;--line:#2a383b;--rail:#2b393c;--tint:#111a1c;--link:#6fd0d8;--fill:#3fb0ba;--good:#7fd6a2;--good-tint:#17321f;--busy:#efc26d;--busy-tint:#352a12;--bad:#ff9c92;--bad-tint:#3d1b18;--on:#0e1517;--shadow:none`;

const frame = `
*,::before,::after{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:var(--page);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:break-word}
h1,h2,h3,p,ol,ul,dl,dd,pre,table{margin:0;padding:0}
h1{font-size:clamp(1.6rem,1.2rem + 1.6vw,2.1rem);line-height:1.2;letter-spacing:-.015em;text-wrap:balance}
h2{font-size:1.15rem;line-height:1.3;letter-spacing:-.005em}
ol,ul{list-style:none}
a{color:var(--link);text-underline-offset:.18em;text-decoration-thickness:.07em}
a:hover{text-decoration-thickness:.13em}
:focus-visible{outline:3px solid var(--fill);outline-offset:3px;border-radius:4px}
code,pre,.mono{font-family:ui-monospace,"SF Mono","Cascadia Mono","DejaVu Sans Mono",Consolas,monospace;font-size:.875em}
.muted{color:var(--soft)}
.small{font-size:.875rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:1rem;top:-4rem;background:var(--card);padding:.5rem 1rem;z-index:2;border-radius:0 0 8px 8px}
.skip:focus{top:0}
.top{background:var(--card);border-bottom:1px solid var(--line)}
.top>div{max-width:60rem;margin:auto;padding:.7rem 1.25rem;display:flex;flex-wrap:wrap;align-items:center;gap:.4rem 1.5rem}
.brand{display:flex;align-items:center;gap:.55rem;color:inherit;font-weight:700;font-size:1.1rem;text-decoration:none;letter-spacing:-.01em}
.brand svg{width:1.9rem;height:1.9rem}
.den{fill:var(--fill)}.door{fill:var(--card)}.water{fill:none;stroke:var(--ink);stroke-width:2;stroke-linecap:round}
.user{margin-left:auto;min-width:0;color:var(--soft);font-size:.9rem;max-width:14rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
main{flex:1;width:100%;max-width:60rem;margin:0 auto;padding:2rem 1.25rem 3rem;display:grid;grid-template-columns:minmax(0,1fr);gap:1.5rem;align-content:start}

.wide main,.wide footer,.wide .top>div{max-width:80rem}
footer{max-width:60rem;width:100%;margin:0 auto;padding:0 1.25rem 2rem;color:var(--soft);font-size:.85rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:1.25rem;box-shadow:var(--shadow)}
.card>h2{margin-bottom:.9rem}
.title{display:flex;flex-wrap:wrap;gap:.6rem 1rem;align-items:center;justify-content:space-between}
.title>div{min-width:0}
.back{font-size:.9rem}
`;

const small = `
.sign{width:1.15em;height:1.15em;flex:none;fill:none;stroke:var(--soft);stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}
.sign.good{stroke:var(--good)}.sign.bad{stroke:var(--bad)}.sign.busy,.sign.part{stroke:var(--busy)}
.sign .disc{stroke-width:1.4}
.badge{display:inline-flex;align-items:center;gap:.4rem;padding:.2rem .7rem .2rem .45rem;border-radius:99px;background:var(--rail);color:var(--ink);font-size:.875rem;font-weight:600;line-height:1.35}
.badge.good{background:var(--good-tint);color:var(--good)}.badge.busy{background:var(--busy-tint);color:var(--busy)}.badge.bad{background:var(--bad-tint);color:var(--bad)}
.line{display:inline-flex;align-items:center;gap:.4rem}
.bar{display:block;width:100%;height:.35rem;border-radius:9px}
.rail{fill:var(--rail)}.fill{fill:var(--fill)}
.facts{display:grid;gap:.65rem}
.facts div{display:grid;grid-template-columns:8.5rem minmax(0,1fr);gap:.1rem 1rem}
.facts dt{color:var(--soft)}.facts dd{overflow-wrap:anywhere}
.pager{display:flex;gap:.75rem}
.button,.pager a{display:inline-block;padding:.5rem 1.1rem;border:1px solid var(--line);border-radius:9px;background:var(--card);color:var(--link);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
.button.main{background:var(--link);border-color:var(--link);color:var(--on)}
.button:hover,.pager a:hover{filter:brightness(1.08)}
.note{display:flex;gap:.75rem;padding:.9rem 1.1rem;border-radius:5px 12px 12px 5px;background:var(--card);border:1px solid var(--line);border-left:5px solid var(--soft)}
.note .sign{margin-top:.2rem}
.note.good{border-left-color:var(--good)}.note.busy{border-left-color:var(--busy)}.note.bad{border-left-color:var(--bad)}
.note p+p,.note ul+p{margin-top:.35rem}
.evidence{margin-bottom:.9rem}.card>p+.facts{margin-top:.9rem}
pre{padding:.8rem 1rem;background:var(--tint);border:1px solid var(--line);border-radius:9px;white-space:pre;max-height:24rem;overflow:auto;line-height:1.45}
`;

const lists = `
.list{display:grid;gap:.9rem}
.item{display:grid;grid-template-columns:minmax(0,1fr) 9.5rem;gap:.35rem 1.5rem;position:relative}
.item h2 a{color:inherit;text-decoration:none}
.item h2 a::after{content:"";position:absolute;inset:0;border-radius:14px}
.item:hover{border-color:var(--fill)}
.item h2 a:focus-visible{outline:none}
.item:focus-within{outline:3px solid var(--fill);outline-offset:2px}
.item .where{display:flex;flex-wrap:wrap;gap:.3rem .8rem;align-items:center;margin-top:.5rem}
.item .where+p{margin-top:.5rem}
.item .points{text-align:right;align-self:center}
.item .points strong{font-size:1.35rem;font-variant-numeric:tabular-nums;letter-spacing:-.01em}
.item .receipt{grid-column:1/-1;display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;padding-top:.7rem;margin-top:.4rem;border-top:1px solid var(--line);color:var(--soft);font-size:.85rem}
.offer{display:flex;flex-wrap:wrap;gap:.8rem 1.5rem;align-items:center;justify-content:space-between}
.offer>div{flex:1 1 22rem;min-width:0}
.empty{text-align:center;padding:3rem 1.5rem}
.empty p{max-width:34rem;margin:.5rem auto 0}
`;

const steps = `
.steps{display:grid;grid-template-columns:repeat(5,minmax(0,1fr))}
.steps li{position:relative;text-align:center;padding:0 .25rem;color:var(--soft);font-size:.9rem}
.steps li::before{content:"";position:absolute;top:1rem;left:-50%;width:100%;height:2px;background:var(--line)}
.steps li:first-child::before{display:none}
.steps .done::before,.steps .now::before,.steps .wrong::before{background:var(--fill)}
.mark{position:relative;z-index:1;display:grid;place-items:center;width:2rem;height:2rem;margin:0 auto .5rem;border-radius:50%;border:2px solid var(--line);background:var(--card)}
.mark svg{width:1.1rem;height:1.1rem;fill:none;stroke:var(--soft);stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.done .mark{background:var(--fill);border-color:var(--fill)}.done .mark svg{stroke:var(--card)}
.now .mark{border-color:var(--busy);background:var(--busy-tint)}.now .mark svg{stroke:var(--busy)}
.wrong .mark{border-color:var(--bad);background:var(--bad-tint)}.wrong .mark svg{stroke:var(--bad)}
.steps strong{display:block;color:var(--ink);font-weight:600;line-height:1.3}
.later strong,.skipped strong{color:var(--soft);font-weight:500}
.steps time{font-variant-numeric:tabular-nums;font-size:.85rem}
@media (prefers-reduced-motion:no-preference){.now .mark{animation:pulse 1.8s ease-in-out infinite}@keyframes pulse{50%{box-shadow:0 0 0 6px var(--busy-tint)}}}
.two{display:grid;grid-template-columns:minmax(15rem,1fr) minmax(0,1.6fr);gap:1.5rem}
.score{display:grid;justify-items:center;align-content:center;gap:1rem;text-align:center}
.ring{position:relative;width:11rem}
.ring svg{display:block;fill:none;stroke-width:11}
.ring .rail{stroke:var(--rail);fill:none}.ring .fill{stroke:var(--fill);fill:none;stroke-linecap:round}
.ring p{position:absolute;inset:0;display:grid;place-content:center;line-height:1.25;font-size:.9rem}
.ring strong{font-size:2.4rem;line-height:1.05;letter-spacing:-.03em;font-variant-numeric:tabular-nums}
`;

const tables = `
.scroll{position:relative;overflow-x:auto;margin:0 -1.25rem;padding:0 1.25rem}
table+p{margin-top:.8rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;overflow-wrap:anywhere;padding:.6rem .9rem .6rem 0;vertical-align:top;border-top:1px solid var(--line)}
thead th{overflow-wrap:normal;border-top:0;padding-top:0;color:var(--soft);font-size:.85rem;font-weight:600;white-space:nowrap}
tbody th{font-weight:600}
th:last-child,td:last-child{padding-right:0}
.number{text-align:right;white-space:nowrap}
.questions .share{width:34%;vertical-align:middle}
.questions .line{display:flex;align-items:flex-start}.questions .sign{margin-top:.2em}
.questions{table-layout:fixed}.questions .number{width:7.5rem}
.questions .text td{border-top:0;padding-top:0}
.facts+details{margin-top:.9rem}
details summary{cursor:pointer;color:var(--link);font-size:.9rem;padding:.1rem 0 .4rem}
.rows{min-width:56rem;font-size:.925rem}
.rows th:first-child{min-width:8rem;max-width:14rem}.rows .badge{white-space:nowrap}.rows .pass{min-width:9.5rem}
.rows tbody th,.rows td{vertical-align:middle}
.rows .time,.rows code{white-space:nowrap}
.rows .flag{color:var(--busy);font-size:.8rem;display:block}
.attention{display:grid;gap:.75rem}
.attention .note h3{font-size:1rem;line-height:1.4}
.attention .cases{display:flex;flex-wrap:wrap;gap:.2rem .9rem;margin-top:.3rem;font-size:.9rem}
.count{color:var(--soft);font-weight:500}
@media (max-width:46rem){
main{padding-top:1.4rem;gap:1.1rem}
.two{grid-template-columns:minmax(0,1fr);gap:1.1rem}
.steps{grid-template-columns:minmax(0,1fr);gap:0}
.steps li{display:grid;grid-template-columns:2rem minmax(0,1fr) auto;gap:0 .9rem;align-items:center;text-align:left;padding:0 0 1.1rem}
.steps li:last-child{padding-bottom:0}
.steps li::before{left:1rem;top:-1.1rem;width:2px;height:1.1rem}
.mark{margin:0}
.facts div{grid-template-columns:minmax(0,1fr)}
.questions .share{width:0;padding:0}.questions .share *{display:none}
}
@media (max-width:34rem){
.item{grid-template-columns:minmax(0,1fr)}
.item .points{text-align:left;display:grid;grid-template-columns:auto 1fr;gap:1rem;align-items:center;margin-top:.4rem}
}
@media print{body{background:#fff}.top nav,.pager,.button{display:none}.card{box-shadow:none;break-inside:avoid}}
`;

/** The style of all pages. No page has another, so one hash allows it. */
export const style = `:root{color-scheme:light dark;${light}}@media (prefers-color-scheme:dark){:root{${dark}}}${frame}${small}${lists}${steps}${tables}`;
