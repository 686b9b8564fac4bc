// The entry of every page: one small file, so that no page waits for a second.
import { article } from "./article.js";
import { copy } from "./copy.js";
import { docs } from "./docs.js";
import { drafts } from "./drafts.js";
import { editor } from "./editor.js";
import { factor } from "./factor.js";
import { forms } from "./forms.js";
import { frame } from "./frame.js";
import { more } from "./more.js";
import { strength } from "./strength.js";
import { push } from "./push.js";
import { toggles } from "./toggles.js";
import { words } from "./words.js";

frame();
forms();
copy();
factor();
strength();
toggles();
push();
more();
words();
if (document.querySelector("[data-editor]")) editor();
drafts();
if (document.querySelector("[data-article]")) article();
if (document.querySelector("[data-docs]")) docs();
