// Marks drawn on a plain canvas, for browsers without WebGL 2: the same calls as `GlMarks`.

export class FlatMarks {
  constructor(canvas, xs, ys) {
    Object.assign(this, { canvas, xs, ys, looks: null });
  }

  setLooks(looks) {
    this.looks = looks;
  }

  draw(order, styles, view) {
    const { canvas } = this;
    canvas.width = Math.round(view.width * view.ratio);
    canvas.height = Math.round(view.height * view.ratio);
    const context = canvas.getContext('2d');
    context.scale(view.ratio, view.ratio);
    for (const row of order) {
      const style = styles[this.looks[row]];
      const x = (this.xs[row] - view.x0) * view.sx;
      const y = view.height - (this.ys[row] - view.y0) * view.sy;
      context.globalAlpha = style.opacity;
      context.beginPath();
      OUTLINES[style.shape](context, x, y, style.radius);
      if (style.stroke) {
        context.lineWidth = style.stroke;
        context.strokeStyle = style.colour;
        context.stroke();
      } else {
        context.fillStyle = style.colour;
        context.fill();
      }
    }
  }

  remove() {}
}

const OUTLINES = {
  circle: (context, x, y, radius) => context.arc(x, y, radius, 0, 2 * Math.PI),
  diamond: (context, x, y, radius) => {
    context.moveTo(x, y - radius);
    context.lineTo(x + radius, y);
    context.lineTo(x, y + radius);
    context.lineTo(x - radius, y);
    context.closePath();
  },
  cross: (context, x, y, radius) => {
    context.moveTo(x - radius, y - radius);
    context.lineTo(x + radius, y + radius);
    context.moveTo(x - radius, y + radius);
    context.lineTo(x + radius, y - radius);
  },
};
