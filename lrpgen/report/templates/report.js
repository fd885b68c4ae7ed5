"use strict";
/* What several pages share. */
const byId = (id) => document.getElementById(id);
const whole = (n) => n.toLocaleString("en-US").replace("-", "\u2212");
const decimals = (n, d) => n.toFixed(d).replace("-", "\u2212");

/* Reverse-complement switch of the pattern cards. */
for (const button of document.querySelectorAll(".flip")) {
  button.addEventListener("click", () => {
    const card = button.closest(".card");
    const reverse = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(reverse));
    card.querySelector(".forward").hidden = reverse;
    card.querySelector(".reverse").hidden = !reverse;
  });
}

/* On a narrow screen a mean logo starts where the site is: at the line. */
for (const box of document.querySelectorAll(".meanlogo .scroll")) {
  const line = box.querySelector(".middle");
  if (line) box.scrollLeft += line.getBoundingClientRect().left - box.getBoundingClientRect().left - box.clientWidth / 2;
}

/* So does the navigation: at the page that is open. */
{
  const here = document.querySelector("nav [aria-current]"), box = here.parentElement;
  box.scrollLeft = here.offsetLeft - box.offsetLeft - (box.clientWidth - here.offsetWidth) / 2;
}
