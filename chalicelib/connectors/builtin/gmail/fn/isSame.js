// isSame(one, other): whether two texts are equal, taking the same time wherever they differ.
const [one, other] = args.map((text) =>
  $.crypto
    .createHash("sha256")
    .update(String(text ?? ""))
    .digest(),
);
return $.crypto.timingSafeEqual(one, other);
