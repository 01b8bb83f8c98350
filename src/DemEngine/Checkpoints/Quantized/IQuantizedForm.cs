namespace DemEngine.Checkpoints.Quantized;

/// <summary>A form in which weights are quantised: how its tensors are told, and what values they stand for.</summary>
internal interface IQuantizedForm
{
    /// <summary>
    /// Claims the tensors of this form. Tensors that look like it and contradict it are errors; others are left to other forms.
    /// </summary>
    /// <param name="pool">The tensors that no form has claimed.</param>
    /// <returns>The decoded tensors; their parts are taken from the pool.</returns>
    /// <exception cref="DemException">DEM2032 (MissingScale), DEM2033 (QuantizedShape).</exception>
    IEnumerable<DecodedTensor> Find(TensorPool pool);
}
