import React, { type ReactNode } from "react";
import type { Theme } from "./theme";

interface Props {
  title: string;
  children?: ReactNode;
  onClose(): void;
}

export const Panel: React.FC<Props> = ({ title, children }) => {
  const theme: Theme = useTheme();
  return <section className={theme.panel.name}>{children}</section>;
};

export function Header<T extends object>(props: { value: T }): JSX.Element {
  return <h1>{String(props.value)}</h1>;
}

export default Panel;
