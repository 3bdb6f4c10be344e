// Version 4 identifiers from the run's seed.
(function (kit) {
  'use strict';
  const v4 = () => kit.load('crypto').randomUUID();
  const validate = (text) => /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(String(text));
  return { v4, validate, NIL: '00000000-0000-0000-0000-000000000000' };
})
