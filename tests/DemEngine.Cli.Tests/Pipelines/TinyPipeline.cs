using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Tests;

namespace DemEngine.Cli.Tests.Pipelines;

/// <summary>Writes the roots of tiny diffusers pipelines: two text encoders with the same names, a UNet, a VAE, and more.</summary>
internal static class TinyPipeline
{
    public const string Index = """
        {
          "_class_name": "StableDiffusionXLPipeline", "_diffusers_version": "0.35.0", "force_zeros_for_empty_prompt": true,
          "feature_extractor": [null, null], "scheduler": ["diffusers", "EulerDiscreteScheduler"],
          "text_encoder": ["transformers", "CLIPTextModel"], "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
          "tokenizer": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]
        }
        """;

    public const string TextWeight = "text_model.encoder.layers.0.self_attn.q_proj.weight";
    public const string NetWeight = "down_blocks.0.attentions.0.to_q.weight";

    /// <summary>Writes a pipeline whose weights are the given number everywhere, except for the VAE.</summary>
    public static void Write(string root, float value)
    {
        Put(root, "text_encoder/model.safetensors", TextWeight, value);
        Put(root, "text_encoder_2/model.safetensors", TextWeight, value);
        Put(root, "unet/diffusion_pytorch_model.safetensors", NetWeight, value);
        Put(root, "vae/diffusion_pytorch_model.safetensors", "decoder.conv_in.weight", 7);
        Text(root, "model_index.json", Index);
        Text(root, "scheduler/scheduler_config.json", """{"_class_name": "EulerDiscreteScheduler"}""");
        Text(root, "tokenizer/vocab.json", """{"a": 0}""");
        Text(root, "tokenizer/merges.txt", "#version: 0.2\n");
        foreach (string component in new[] { "text_encoder", "text_encoder_2", "unet", "vae" })
            Text(root, $"{component}/config.json", $$"""{"_class_name": "{{component}}"}""");
    }

    /// <summary>Writes a file with a matrix of 4 × 4 equal numbers, and a second one.</summary>
    public static void Put(string root, string file, string name, float value)
    {
        string path = Path.Combine(root, file);
        string folder = Path.Combine(root, $"{Guid.NewGuid():N}");
        TestCheckpoint.Write(folder, [Matrix(name, [4, 4], value), Matrix($"other.{name}", [4], value)]);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.Move(Path.Combine(folder, "model.safetensors"), path, overwrite: true);
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Writes a LoRA of rank 1 whose product is the given number everywhere, for each module.</summary>
    public static void PutLora(string path, params (string Module, float Change)[] modules)
    {
        string folder = $"{path}.folder";
        TestCheckpoint.Write(
            folder,
            [
                .. modules.SelectMany(module => new[]
                {
                    Matrix($"{module.Module}.lora_down.weight", [1, 4], 1),
                    Matrix($"{module.Module}.lora_up.weight", [4, 1], module.Change),
                }),
            ]);
        File.Move(Path.Combine(folder, "model.safetensors"), path);
    }

    public static void Text(string root, string file, string text)
    {
        string path = Path.Combine(root, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private static (TensorSpec Spec, byte[] Bytes) Matrix(string name, long[] shape, float value)
    {
        float[] numbers = new float[shape.Aggregate((a, b) => a * b)];
        Array.Fill(numbers, value);
        return TestCheckpoint.Tensor(name, ElementType.F32, shape, MemoryMarshal.AsBytes<float>(numbers).ToArray());
    }
}
