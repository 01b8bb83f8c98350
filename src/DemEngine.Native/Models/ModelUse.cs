namespace DemEngine.Native.Models;

/// <summary>A call's use of a model, during which the model stays.</summary>
/// <param name="model">The model.</param>
internal sealed class ModelUse(NativeModel model) : IDisposable
{
    /// <summary>The model.</summary>
    public NativeModel Model => model;

    public void Dispose() => model.EndUse();
}
