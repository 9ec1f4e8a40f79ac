// Marks drawn by WebGL 2: positions are sent to it once, a look of one byte a row when colours
// change, and the rows to draw in their order.

const VERTEX = `#version 300 es
precision highp float;
in float x;
in float y;
in uint look;
uniform vec4 frame;            // clip coordinates = (x, y) * frame.xy + frame.zw
uniform float ratio;           // pixels of the canvas per pixel of the page
uniform vec4 colours[${MOST_LOOKS}];
uniform vec4 forms[${MOST_LOOKS}];  // shape, radius, width of the line, none
flat out vec4 colour;
flat out vec3 form;
flat out float extent;
void main() {
  gl_Position = vec4(vec2(x, y) * frame.xy + frame.zw, 0.0, 1.0);
  colour = colours[look];
  form = forms[look].xyz * vec3(1.0, ratio, ratio);
  extent = 2.0 * form.y + form.z + 2.0;
  gl_PointSize = extent;
}`;

const FRAGMENT = `#version 300 es
precision highp float;
flat in vec4 colour;
flat in vec3 form;
flat in float extent;
out vec4 painted;
void main() {
  vec2 at = abs(gl_PointCoord - 0.5) * extent;
  float outside;               // distance to the edge of the mark, negative inside
  if (form.x == ${SHAPES.circle}.0) {
    outside = length(at) - form.y;
  } else if (form.x == ${SHAPES.diamond}.0) {
    outside = abs(at.x + at.y - form.y) * 0.7071 - 0.5 * form.z;
  } else {
    outside = max(abs(at.x - at.y) * 0.7071 - 0.5 * form.z, max(at.x, at.y) - form.y);
  }
  float cover = clamp(0.5 - outside, 0.0, 1.0) * colour.a;
  if (cover <= 0.0) discard;
  painted = vec4(colour.rgb * cover, cover);
}`;

export class GlMarks {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Uint16Array|Float32Array} xs in the unit of the axes
   * @param {() => void} onRestored called when the browser has given the canvas back its context
   * @returns {GlMarks|null} null where the browser has no WebGL 2
   */
  static on(canvas, xs, ys, onRestored) {
    const gl = canvas.getContext('webgl2', { antialias: false });
    return gl && new GlMarks(gl, canvas, xs, ys, onRestored);
  }

  constructor(gl, canvas, xs, ys, onRestored) {
    Object.assign(this, { gl, canvas, xs, ys, looks: null });
    this.#prepare();
    canvas.addEventListener('webglcontextlost', (event) => event.preventDefault());
    canvas.addEventListener('webglcontextrestored', () => {
      this.#prepare();
      if (this.looks) this.setLooks(this.looks);
      onRestored();
    });
  }

  #prepare() {
    const { gl } = this;
    if (gl.isContextLost()) return;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      throw new Error(`the map's shaders: ${gl.getProgramInfoLog(program)}`);
    }
    gl.useProgram(program);
    this.at = (name) => gl.getUniformLocation(program, name);
    this.#column(program, 'x', this.xs);
    this.#column(program, 'y', this.ys);
    this.lookBuffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.lookBuffer);
    const look = gl.getAttribLocation(program, 'look');
    gl.enableVertexAttribArray(look);
    gl.vertexAttribIPointer(look, 1, gl.UNSIGNED_BYTE, 0, 0);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  #column(program, name, values) {
    const { gl } = this;
    const location = gl.getAttribLocation(program, name);
    const kind = values instanceof Uint16Array ? gl.UNSIGNED_SHORT : gl.FLOAT;
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(location);
    gl.vertexAttribPointer(location, 1, kind, false, 0, 0);
  }

  /** Give every row its look. */
  setLooks(looks) {
    const { gl } = this;
    this.looks = looks;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.lookBuffer);
    gl.bufferData(gl.ARRAY_BUFFER, looks, gl.DYNAMIC_DRAW);
  }

  /**
   * Draw some rows.
   * @param {Uint32Array} order rows, the topmost last
   * @param {object[]} styles what the looks stand for
   * @param {{x0, y0, sx, sy, width, height, ratio}} view pixel = (place - x0) * sx from the left,
   *   and from the bottom
   */
  draw(order, styles, view) {
    const { gl, canvas } = this;
    fit(canvas, view);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!order.length) return;
    const [a, b] = [(2 * view.sx) / view.width, (2 * view.sy) / view.height];
    gl.uniform4f(this.at('frame'), a, b, -1 - view.x0 * a, -1 - view.y0 * b);
    gl.uniform1f(this.at('ratio'), view.ratio);
    gl.uniform4fv(this.at('colours'), styles.flatMap((style) => [...rgb(style.colour), style.opacity]));
    gl.uniform4fv(this.at('forms'),
      styles.flatMap((style) => [SHAPES[style.shape], style.radius, style.stroke, 0]));
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, order, gl.DYNAMIC_DRAW);
    gl.drawElements(gl.POINTS, order.length, gl.UNSIGNED_INT, 0);
  }

  /** Give the context back; browsers allow only a few. */
  remove() {
    this.gl.getExtension('WEBGL_lose_context')?.loseContext();
  }
}

/** Give a canvas the size of the view; a canvas that has it is left alone. */
export function fit(canvas, { width, height, ratio }) {
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
}

const rgb = (colour) => [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16) / 255);
