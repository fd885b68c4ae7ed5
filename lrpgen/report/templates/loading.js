/* Data files call this; each is asked for once. A page on disk may run scripts but not read files. */
const arriving = new Map();
window.lrpgenData = (name, value) => arriving.get(name).resolve(value);

function load(name) {
  if (!arriving.has(name)) {
    const entry = {};
    entry.promise = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
    arriving.set(name, entry);
    const script = document.createElement("script");
    script.src = `data/${name}.js`;
    script.onerror = () => { arriving.delete(name); entry.reject(new Error(`data/${name}.js could not be read; it has to lie beside this page`)); };
    document.head.append(script);
  }
  return arriving.get(name).promise;
}

