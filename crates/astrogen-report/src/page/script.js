"use strict";
// Samples over time: the slider shows one of the grids in the place of the last one.
(() => {
  const time = document.getElementById("time");
  const shown = document.getElementById("shown");
  const earlier = document.querySelector(".earlier");
  if (!time || !shown || !earlier) return;
  const parts = (figure) => ["img", ".what", ".file"].map((part) => figure.querySelector(part));
  const states = [...earlier.querySelectorAll("figure"), shown].map((figure) => {
    const [image, what, file] = parts(figure);
    return { src: image.src, alt: image.alt, what: what.textContent, file: file.textContent,
      href: file.getAttribute("href") };
  });
  const [image, what, file] = parts(shown);
  const show = () => {
    const state = states[Number(time.value)];
    image.src = state.src;
    image.alt = state.alt;
    what.textContent = state.what;
    file.textContent = state.file;
    file.setAttribute("href", state.href);
    time.setAttribute("aria-valuetext", state.what);
  };
  // A browser may have kept where the slider was.
  time.value = String(states.length - 1);
  time.addEventListener("input", show);
  time.closest("[hidden]").hidden = false;
  earlier.hidden = true;
  show();
})();
