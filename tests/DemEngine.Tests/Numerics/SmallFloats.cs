global using F16Element = DemEngine.Numerics.Elements.SmallFloatElement<DemEngine.Numerics.Elements.F16Format>;
global using F8E4M3Element = DemEngine.Numerics.Elements.SmallFloatElement<DemEngine.Numerics.Elements.F8E4M3Format>;
global using F8E4M3FnuzElement = DemEngine.Numerics.Elements.SmallFloatElement<DemEngine.Numerics.Elements.F8E4M3FnuzFormat>;
global using F8E5M2Element = DemEngine.Numerics.Elements.SmallFloatElement<DemEngine.Numerics.Elements.F8E5M2Format>;
global using F8E5M2FnuzElement = DemEngine.Numerics.Elements.SmallFloatElement<DemEngine.Numerics.Elements.F8E5M2FnuzFormat>;
