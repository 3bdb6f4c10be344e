"""How the reference page looks."""

STYLE = """
:root{--ink:#1c2430;--soft:#5b6675;--line:#e2e6ea;--back:#f7f8fa;--link:#0b5cad}
*{box-sizing:border-box}
body{margin:0;display:flex;font:15px/1.5 system-ui,sans-serif;color:var(--ink)}
nav{position:sticky;top:0;height:100vh;width:260px;flex:none;overflow:auto;padding:16px;background:var(--back);
  border-right:1px solid var(--line);font-size:13px}
nav h3{margin:14px 0 2px;font-size:13px}nav ul{margin:0;padding:0;list-style:none}nav li{padding:1px 0 1px 10px}
main{max-width:900px;padding:16px 32px 60px;min-width:0}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
h1 small,h4 small{color:var(--soft);font-weight:normal}
h2{margin-top:48px;border-bottom:2px solid var(--line)}
article{padding:6px 0 18px;border-bottom:1px solid var(--line)}article h3{margin:14px 0 4px}
h4{margin:14px 0 4px}p{margin:4px 0}
code,pre{font:13px/1.45 ui-monospace,monospace}
pre{margin:8px 0;padding:10px;overflow:auto;background:var(--back);border:1px solid var(--line);border-radius:4px}
pre.curl{white-space:pre-wrap;overflow-wrap:anywhere}td:first-child{width:28%}
table{border-collapse:collapse;width:100%;margin:6px 0;font-size:14px}
td{padding:3px 8px 3px 0;border-top:1px solid var(--line);vertical-align:top}
.line b{display:inline-block;min-width:62px}
.get{color:#0b6e3b}.post{color:#8a4b00}.put,.patch{color:#5a3fa0}.delete{color:#a4262c}
.alias,.errors{color:var(--soft);font-size:14px}summary{cursor:pointer;color:var(--soft)}
@media(max-width:800px){body{display:block}nav{position:static;width:auto;height:auto;max-height:40vh}main{padding:16px}}
"""
