declare const htm: {
  // What markup comes to is checked when it is drawn, not here.
  bind(h: (type: any, props: any, ...children: any[]) => any): (strings: TemplateStringsArray, ...values: any[]) => any;
};
export default htm;
