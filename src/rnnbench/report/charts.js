"use strict";
// Draws the charts. Each takes the place of its picture, which paper and readers without scripts keep.

// Values come with the page: whatever asks for a file is refused.
const refuse = async (address) => Promise.reject(new Error(`this page loads nothing: ${address}`));
const nowhere = { load: refuse, sanitize: refuse };

async function draw(figure) {
  const spec = JSON.parse(figure.querySelector("script").textContent);
  const house = { mode: "vega-lite", renderer: "svg", actions: false, ast: true }; // ast: without eval
  const options = { ...house, loader: nowhere, bind: figure.querySelector(".choices") };
  figure.classList.add("live"); // a chart takes its width from its place, which has to be on the page
  try {
    await vegaEmbed(figure.querySelector(".chart"), spec, options);
  } catch (error) {
    figure.classList.remove("live");
    throw error;
  }
}

for (const figure of document.querySelectorAll("figure:has(.chart)")) draw(figure);
